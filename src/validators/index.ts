import type { Validator } from "../rules/rule.ts";
import { allowAll } from "./allow-all.ts";
import { cidrNotation } from "./cidr-notation.ts";
import { dataplaneSupport } from "./dataplane-support.ts";
import { dnsEgress } from "./dns-egress.ts";
import { exceptReopened } from "./except-reopened.ts";
import { forbiddenTarget } from "./forbidden-target.ts";
import { namedPort } from "./named-port.ts";
import { nodeAccess } from "./node-access.ts";
import { openNamespaces } from "./open-namespaces.ts";
import { openWorld } from "./open-world.ts";
import { optOut } from "./opt-out.ts";
import { orNotAnd } from "./or-not-and.ts";
import { peerSelectsNothing } from "./peer-selects-nothing.ts";
import { policyTypes } from "./policy-types.ts";
import { protectedBaseline } from "./protected-baseline.ts";
import { selectsNothing } from "./selects-nothing.ts";
import { selfLockout } from "./self-lockout.ts";
import { singleFamily } from "./single-family.ts";

/** Every rule, in the order in which findings are listed: what cannot be undone comes first. */
export const VALIDATORS: readonly Validator[] = [
  // What cannot be undone, or must not be got around.
  selfLockout,
  protectedBaseline,
  optOut,
  // What opens too much.
  allowAll,
  openNamespaces,
  openWorld,
  forbiddenTarget,
  nodeAccess,
  // What does not mean what it says.
  orNotAnd,
  exceptReopened,
  policyTypes,
  cidrNotation,
  singleFamily,
  dataplaneSupport,
  // What cuts off.
  dnsEgress,
  // What does nothing.
  selectsNothing,
  peerSelectsNothing,
  namedPort,
];
