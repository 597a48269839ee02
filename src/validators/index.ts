import type { Validator } from "../rules/rule.ts";
import { allowAll } from "./allow-all.ts";
import { baselineLabels } from "./baseline-labels.ts";
import { baselineUndone } from "./baseline-undone.ts";
import { cidrNotation } from "./cidr-notation.ts";
import { clientSource } from "./client-source.ts";
import { clusterRange } from "./cluster-range.ts";
import { dataplaneSupport } from "./dataplane-support.ts";
import { dnsEgress } from "./dns-egress.ts";
import { dnsElsewhere } from "./dns-elsewhere.ts";
import { equalPriority } from "./equal-priority.ts";
import { everyPort } from "./every-port.ts";
import { exceptReopened } from "./except-reopened.ts";
import { farEndDenies } from "./far-end-denies.ts";
import { forbiddenTarget } from "./forbidden-target.ts";
import { hostNetwork } from "./host-network.ts";
import { labelOpens } from "./label-opens.ts";
import { leftOpen } from "./left-open.ts";
import { namedPort } from "./named-port.ts";
import { namedPortDiffers } from "./named-port-differs.ts";
import { naming } from "./naming.ts";
import { noDefaultDeny } from "./no-default-deny.ts";
import { noRules } from "./no-rules.ts";
import { nodeAccess } from "./node-access.ts";
import { notEnforced } from "./not-enforced.ts";
import { openNamespaces } from "./open-namespaces.ts";
import { openWorld } from "./open-world.ts";
import { optOut } from "./opt-out.ts";
import { orNotAnd } from "./or-not-and.ts";
import { peerSelectsNothing } from "./peer-selects-nothing.ts";
import { policyCount } from "./policy-count.ts";
import { policyTypes } from "./policy-types.ts";
import { protectedBaseline } from "./protected-baseline.ts";
import { protocolMissing } from "./protocol-missing.ts";
import { redundant } from "./redundant.ts";
import { requiredMetadata } from "./required-metadata.ts";
import { reservedPriority } from "./reserved-priority.ts";
import { ruleCost } from "./rule-cost.ts";
import { selectsNothing } from "./selects-nothing.ts";
import { selfLockout } from "./self-lockout.ts";
import { sensitivePort } from "./sensitive-port.ts";
import { servicePort } from "./service-port.ts";
import { singleFamily } from "./single-family.ts";
import { systemPath } from "./system-path.ts";
import { tenantLabel } from "./tenant-label.ts";
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
  baselineUndone,
  leftOpen,
  forbiddenTarget,
  nodeAccess,
  sensitivePort,
  widePorts,
  everyPort,
  tenantLabel,
  labelOpens,
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
  notEnforced,
  hostNetwork,
  protocolMissing,
  namedPortDiffers,
  // What cuts off.
  systemPath,
  dnsEgress,
  dnsElsewhere,
  farEndDenies,
  // What does nothing.
  selectsNothing,
  peerSelectsNothing,
  namedPort,
  noRules,
  redundant,
  // What an organisation wants of every policy.
  requiredMetadata,
  naming,
  policyCount,
  ruleCost,
  noDefaultDeny,
];
