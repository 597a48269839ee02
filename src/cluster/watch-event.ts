import { field, isObject } from "../wire/shape.ts";
import { ApiError } from "./api-client.ts";

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/** A watch event that can be used: an ERROR, or one whose object says what and which version it is. */
export function parseEvent(line: string): WatchEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  const type = field(event, "type");
  const object = field(event, "object");
  if (typeof type !== "string" || !isObject(object)) return null;
  const version = field(object, "metadata", "resourceVersion");
  return type === "ERROR" || typeof version === "string" ? { type, object } : null;
}

/**
 * The key (`namespace/name`, or the name of what is in no namespace) and the version of an object.
 * Throws for one without name or version, which no API server sends.
 */
export function identify(object: unknown): {
  readonly key: string;
  readonly resourceVersion: string;
} {
  const namespace = field(object, "metadata", "namespace");
  const name = field(object, "metadata", "name") ?? "";
  const resourceVersion = field(object, "metadata", "resourceVersion");
  if (typeof name !== "string" || typeof resourceVersion !== "string") {
    throw new ApiError(null, "an object has no name or no resource version");
  }
  const key = typeof namespace === "string" && namespace !== "" ? `${namespace}/${name}` : name;
  return { key, resourceVersion };
}

/** Whether a version is older than another, as etcd counts them; what is no number may be. */
export function isBefore(version: string, other: string): boolean {
  const areNumbers = /^\d+$/.test(version) && /^\d+$/.test(other);
  return !areNumbers || BigInt(version) < BigInt(other);
}
