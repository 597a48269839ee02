type Json = Readonly<Record<string, unknown>>;

/** A document of one of Ringfence's own kinds. */
export function resourceDocument(
  kind: string,
  name: string,
  spec: object,
  namespace?: string,
): Json & { readonly metadata: { readonly name: string; readonly namespace?: string } } {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: "ringfence.dev/v1alpha1", kind, metadata, spec };
}

/** The selector that matches the namespace of that name. */
export function named(name: string): Json {
  return { matchLabels: { "kubernetes.io/metadata.name": name } };
}
