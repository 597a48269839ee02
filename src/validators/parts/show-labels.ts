/** How to see the labels of the pods of these namespaces. */
export function showLabels(namespaces: readonly string[]): string {
  const scope = namespaces.length === 1 ? `-n ${namespaces.join()}` : "-A";
  return `compare with \`kubectl get pods ${scope} --show-labels\``;
}
