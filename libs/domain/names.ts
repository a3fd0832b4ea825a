/** Engine names. Slugs hold no `-`, so a name says one tenant and one bot only. */

/** `botId` as the contract allows it; lower case, 1 to 64 characters. */
export const BOT_ID_PATTERN = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/;

export interface Named {
  tenantSlug: string;
  botId: string;
}

export function containerName(bot: Named, incarnation: number): string {
  return `berth-${bot.tenantSlug}-${bot.botId}-${incarnation}`;
}

export function dataVolumeName(bot: Named): string {
  return `berth-${bot.tenantSlug}-${bot.botId}-data`;
}

/**
 * Names to try, in order. Another installation on the same engine may hold the plain ones, since each has a tenant
 * `default`; the second ones hold a part of the tenant's id.
 */
export function nameChoices(bot: Named & { tenantId: string }): Named[] {
  const { tenantSlug, botId, tenantId } = bot;
  return [
    { tenantSlug, botId },
    { tenantSlug: `${tenantSlug}${tenantId.replaceAll('-', '').slice(-8)}`, botId },
  ];
}

/** A host name has at most 63 characters and neither dots nor underscores to be safe everywhere. */
export function hostName(botId: string): string {
  return botId.replaceAll(/[._]/g, '-').slice(0, 63).replace(/-+$/, '');
}
