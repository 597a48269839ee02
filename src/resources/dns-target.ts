/** Where the pods of a cluster resolve names. */
export interface DnsTarget {
  /** Namespace and labels of the resolver's pods. */
  readonly namespace: string;
  readonly podLabels: Readonly<Record<string, string>>;
  /** Resolvers that are no pods, above all NodeLocal DNSCache. */
  readonly addresses: readonly string[];
  /** Ports the resolver's pods listen on (after `targetPort`), beside 53: OpenShift's is 5353. */
  readonly ports: readonly number[];
}
