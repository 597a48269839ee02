import { isMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  type Duration,
  DurationSchema,
  type Timestamp,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";

/** The seconds and nanoseconds of a point in time or of a length of it. */
export function timeParts({
  message,
}: ReflectMessage): Pick<Timestamp | Duration, "seconds" | "nanos"> {
  if (isMessage(message, TimestampSchema) || isMessage(message, DurationSchema)) return message;
  throw new TypeError("neither a point in time nor a length of it");
}
