import type { Validator } from "../rules/rule.ts";
import { allowAll } from "./allow-all.ts";
import { baselineLabels } from "./baseline-labels.ts";
import { cidrNotation } from "./cidr-notation.ts";
import { clientSource } from "./client-source.ts";
import { clusterRange } from "./cluster-range.ts";
import { dataplaneSupport } from "./dataplane-support.ts";
import { dnsEgress } from "./dns-egress.ts";
import { equalPriority } from "./equal-priority.ts";
import { everyPort } from "./every-port.ts";
import { exceptReopened } from "./except-reopened.ts";
import { forbiddenTarget } from "./forbidden-target.ts";
import { namedPort } from "./named-port.ts";
import { namedPortDiffers } from "./named-port-differs.ts";
import { naming } from "./naming.ts";
import { noRules } from "./no-rules.ts";
import { nodeAccess } from "./node-access.ts";
import { openNamespaces } from "./open-namespaces.ts";
import { openWorld } from "./open-world.ts";
import { optOut } from "./opt-out.ts";
import { orNotAnd } from "./or-not-and.ts";
import { peerSelectsNothing } from "./peer-selects-nothing.ts";
import { policyCount } from "./policy-count.ts";
import { policyTypes } from "./policy-types.ts";
import { protectedBaseline } from "./protected-baseline.ts";
import { protocolMissing } from "./protocol-missing.ts";
import { requiredMetadata } from "./required-metadata.ts";
import { reservedPriority } from "./reserved-priority.ts";
import { selectsNothing } from "./selects-nothing.ts";
import { selfLockout } from "./self-lockout.ts";
import { sensitivePort } from "./sensitive-port.ts";
import { servicePort } from "./service-port.ts";
import { singleFamily } from "./single-family.ts";
import { widePorts } from "./wide-ports.ts";

/** Every rule, in the order in which findings are listed: what cannot be undone comes first. */
export const VALIDATORS: readonly Validator[] = [
  // What cannot be undone, or must not be got around.
  selfLockout,
  protectedBaseline,
  optOut,
  baselineLabels,
  reservedPriority,
  // What opens too much.
  allowAll,
  openNamespaces,
  openWorld,
  forbiddenTarget,
  nodeAccess,
  sensitivePort,
  widePorts,
  everyPort,
  // What does not mean what it says.
  orNotAnd,
  exceptReopened,
  policyTypes,
  equalPriority,
  servicePort,
  clusterRange,
  clientSource,
  cidrNotation,
  singleFamily,
  dataplaneSupport,
  protocolMissing,
  namedPortDiffers,
  // What cuts off.
  dnsEgress,
  // What does nothing.
  selectsNothing,
  peerSelectsNothing,
  namedPort,
  noRules,
  // What an organisation wants of every policy.
  requiredMetadata,
  naming,
  policyCount,
];
