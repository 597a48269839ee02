import { namespacedName } from "../wire/metadata.ts";
import { field, listAt, textAt } from "../wire/shape.ts";

/** A node agent's DaemonSet, read for how it is set up. */
export class AgentSettings {
  /** `kube-system/cilium`. */
  readonly name: string;
  readonly #containers: readonly unknown[];
  readonly #data: unknown;
  readonly #configMap: string;

  /** `data` is that of the ConfigMap `configMap`, undefined where it was not read. */
  constructor(daemonSet: unknown, configMap: string, data: unknown) {
    this.name = namespacedName(daemonSet);
    this.#containers = listAt(daemonSet, "spec", "template", "spec", "containers");
    this.#configMap = configMap;
    this.#data = data;
  }

  has(container: string): boolean {
    return this.#containers.some((one) => textAt(one, "name") === container);
  }

  /** The image whose name ends with `name`, tag and all; empty where there is none. */
  image(name: string): string {
    const images = this.#containers.map((one) => textAt(one, "image"));
    return images.find((image) => image.replace(/[:@].*$/, "").endsWith(name)) ?? "";
  }

  /** What a flag is set to: `--x=value`, `--x value`, or `--x`, which is `true`; null where it is not there. */
  flag(name: string): string | null {
    return flagIn(
      this.#containers.flatMap((one) => [...texts(one, "command"), ...texts(one, "args")]),
      name,
    );
  }

  /** An environment variable as it is written down, null where it is not. */
  variable(name: string): string | null {
    const all = this.#containers.flatMap((one) => listAt(one, "env"));
    const found = all.find((each) => textAt(each, "name") === name);
    return found === undefined ? null : textAt(found, "value");
  }

  /** A key of the agent's ConfigMap; null where it is not there, or was not read. */
  setting(key: string): string | null {
    const value = field(this.#data, key);
    return typeof value === "string" ? value : null;
  }

  /** How a setting is shown: `ConfigMap kube-system/cilium-config, enable-policy: never`. */
  show(key: string): string {
    return `ConfigMap ${this.#configMap}, ${key}: ${this.setting(key) ?? "not set"}`;
  }
}

/** The value of a flag among the words of a command line, null where it is not there. */
export function flagIn(words: readonly string[], name: string): string | null {
  for (const [index, word] of words.entries()) {
    if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
    if (word !== name) continue;
    const next = words[index + 1];
    return next === undefined || next.startsWith("-") ? "true" : next;
  }
  return null;
}

function texts(raw: unknown, key: string): readonly string[] {
  return listAt(raw, key).filter((word) => typeof word === "string");
}
