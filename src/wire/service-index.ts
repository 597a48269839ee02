import type { Address, AddressRange } from "../engine/model.ts";
import type { Service } from "./service.ts";

/** What may be asked of the Services that are known. */
export interface Services {
  /** Those of a namespace. */
  of(namespace: string): Iterable<Service>;
  /** One with an address of its own in `range`, as an example. */
  withAddressIn(range: AddressRange): Service | undefined;
}

interface Entry {
  readonly address: Address;
  readonly service: Service;
}

/** Services by namespace and by address. */
export class ServiceIndex implements Services {
  readonly #byNamespace = new Map<string, Map<string, Service>>();
  /** Ascending; null after a change, and then made when somebody asks. */
  #byAddress: readonly Entry[] | null = null;

  upsert(service: Service): void {
    const { namespace, name } = service;
    const services = this.#byNamespace.get(namespace) ?? new Map<string, Service>();
    this.#byNamespace.set(namespace, services.set(name, service));
    this.#byAddress = null;
  }

  /** `key` is `namespace/name`. */
  delete(key: string): void {
    const slash = key.indexOf("/");
    const services = this.#byNamespace.get(key.slice(0, slash));
    services?.delete(key.slice(slash + 1));
    if (services?.size === 0) this.#byNamespace.delete(key.slice(0, slash));
    this.#byAddress = null;
  }

  of(namespace: string): Iterable<Service> {
    return this.#byNamespace.get(namespace)?.values() ?? [];
  }

  withAddressIn({ first, last }: AddressRange): Service | undefined {
    this.#byAddress ??= this.#sorted();
    let low = 0;
    let high = this.#byAddress.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#byAddress[middle]?.address ?? first) < first) low = middle + 1;
      else high = middle;
    }
    const found = this.#byAddress[low];
    return found !== undefined && found.address <= last ? found.service : undefined;
  }

  #sorted(): readonly Entry[] {
    const entries: Entry[] = [];
    for (const services of this.#byNamespace.values()) {
      for (const service of services.values()) {
        for (const address of service.addresses) entries.push({ address, service });
      }
    }
    return entries.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  }
}
