import type { ContainerIdentity, VolumeOwner } from './identity.js';

export const MANAGED_LABEL = 'berth.managed';
export const MANAGED_FILTER = `${MANAGED_LABEL}=true`;

type Labels = Record<string, string>;

export function containerLabels(identity: ContainerIdentity): Labels {
  return {
    ...volumeLabels(identity),
    'berth.incarnation': String(identity.incarnation),
    'berth.operation': identity.operationId,
  };
}

export function volumeLabels(identity: VolumeOwner): Labels {
  return { [MANAGED_LABEL]: 'true', 'berth.tenant': identity.tenantId, 'berth.bot': identity.botId };
}

/** Of a volume; null where it is nobody's. */
export function readOwner(labels: Labels | null | undefined): VolumeOwner | null {
  const tenantId = labels?.['berth.tenant'];
  const botId = labels?.['berth.bot'];
  if (labels?.[MANAGED_LABEL] !== 'true' || tenantId === undefined || botId === undefined) return null;
  return { tenantId, botId };
}

/** Null where one of the labels is missing or malformed. */
export function readIdentity(labels: Labels | null | undefined): ContainerIdentity | null {
  const owner = readOwner(labels);
  const operationId = labels?.['berth.operation'];
  const incarnation = Number(labels?.['berth.incarnation'] ?? Number.NaN);
  if (!owner || operationId === undefined || !Number.isSafeInteger(incarnation)) return null;
  return { ...owner, incarnation, operationId };
}

/** Whether both are the same incarnation of the same bot. The operation may differ: a retry under a new one adopts. */
export function isSameIncarnation(a: ContainerIdentity | null, b: ContainerIdentity): boolean {
  return a !== null && a.tenantId === b.tenantId && a.botId === b.botId && a.incarnation === b.incarnation;
}

/** Whether a volume was made for this bot. */
export function isVolumeOf(labels: Labels | null | undefined, identity: VolumeOwner): boolean {
  return Object.entries(volumeLabels(identity)).every(([name, value]) => labels?.[name] === value);
}
