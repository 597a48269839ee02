import type { Validator } from "../rules/rule.ts";
import { allowAll } from "./allow-all.ts";
import { dnsEgress } from "./dns-egress.ts";
import { exceptReopened } from "./except-reopened.ts";
import { namedPort } from "./named-port.ts";
import { openNamespaces } from "./open-namespaces.ts";
import { openWorld } from "./open-world.ts";
import { optOut } from "./opt-out.ts";
import { orNotAnd } from "./or-not-and.ts";
import { peerSelectsNothing } from "./peer-selects-nothing.ts";
import { policyTypes } from "./policy-types.ts";
import { protectedBaseline } from "./protected-baseline.ts";
import { selectsNothing } from "./selects-nothing.ts";
import { selfLockout } from "./self-lockout.ts";

/** Every rule, in the order in which findings are listed: what cannot be undone comes first. */
export const VALIDATORS: readonly Validator[] = [
  selfLockout,
  protectedBaseline,
  optOut,
  allowAll,
  openNamespaces,
  openWorld,
  orNotAnd,
  exceptReopened,
  dnsEgress,
  policyTypes,
  selectsNothing,
  peerSelectsNothing,
  namedPort,
];
