import type { FlowEnd } from "../engine/query.ts";
import type { EndpointSlice } from "./endpoint-slice.ts";
import type { ServiceEndpoint } from "./endpoints.ts";

/** What is behind Services, put together from the objects that tell some of it. */
export class EndpointIndex {
  readonly #slices = new Map<string, EndpointSlice>();

  /** Take what the object of that key tells, in the place of what it told before. */
  upsert(key: string, slice: EndpointSlice): void {
    this.#slices.set(key, slice);
  }

  delete(key: string): void {
    this.#slices.delete(key);
  }

  /**
   * The endpoints of the Service `namespace/name`, each pod once: it is in a slice for each family, and in
   * an Endpoints object besides. Undefined where nothing tells of the Service.
   */
  get(service: string): readonly ServiceEndpoint[] | undefined {
    const slices = [...this.#slices.values()].filter((slice) => slice.service === service);
    if (slices.length === 0) return undefined;
    const byEnd = new Map<string, ServiceEndpoint>();
    for (const endpoint of slices.flatMap(({ endpoints }) => endpoints)) {
      const key = endKey(endpoint.end);
      const known = byEnd.get(key) ?? { ...endpoint, ports: [] };
      const family = known.family === endpoint.family ? endpoint.family : null;
      byEnd.set(key, { ...endpoint, family, ports: [...known.ports, ...endpoint.ports] });
    }
    return [...byEnd.values()];
  }
}

function endKey(end: FlowEnd): string {
  return end.kind === "pod" ? end.key : String(end.address);
}
