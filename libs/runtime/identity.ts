/** Whose a container is, and which of the bot's containers it is. */
export interface ContainerIdentity {
  tenantId: string;
  /** The bot's name within its tenant. */
  botId: string;
  incarnation: number;
  operationId: string;
}

export type VolumeOwner = Pick<ContainerIdentity, 'tenantId' | 'botId'>;
