import { z } from 'zod';
import { botId, text, uuid } from './fields.js';
import { commandField } from './workspace.js';

/** One socket has at most so many open. */
export const MAX_TERMINALS = 16;
/** Of one message, so that it fits into a packet however it is written. Characters. */
const MAX_INPUT = 8192;
/** The kernel keeps a size in 16 bits; nobody has a wider screen than this. */
const MAX_SIDE = 1000;

const side = z.int().min(1).max(MAX_SIDE);
export const terminalSize = z.object({ cols: side, rows: side });
export const terminalCommand = commandField.optional();

export const terminalOpenMessage = z
  .strictObject({
    botId,
    ...terminalSize.shape,
    command: terminalCommand.describe('What runs in it; a login shell, bash where the image has it, by default.'),
  })
  .meta({ id: 'TerminalOpen' });
export type TerminalOpen = z.output<typeof terminalOpenMessage>;

/** Told by the one who serves it; the caller may send any text. */
const terminalId = text(64);

export const terminalInputMessage = z
  .strictObject({ terminalId, data: z.string().max(MAX_INPUT).describe('As typed; sent to the program as UTF-8.') })
  .meta({ id: 'TerminalInput' });
export const terminalResizeMessage = z
  .strictObject({ terminalId, ...terminalSize.shape })
  .meta({ id: 'TerminalResize' });
export const terminalCloseMessage = z.strictObject({ terminalId }).meta({ id: 'TerminalClose' });

export const terminalOutputSchema = z
  .object({
    terminalId: uuid,
    data: z.string().describe('Whole characters; what is no UTF-8 comes as U+FFFD.'),
  })
  .meta({ id: 'TerminalOutput' });
/** Why a terminal is over that has no exit code. */
const EXIT_REASONS = ['container_ended', 'connection_lost'] as const;
export const terminalExitReason = z.enum(EXIT_REASONS);
export type TerminalExitReason = z.output<typeof terminalExitReason>;

export const terminalExitSchema = z
  .object({
    terminalId: uuid,
    exitCode: z
      .int()
      .nullable()
      .describe('128+n: ended by signal n. Null: it ended with its container, or the way to it was lost.'),
    reason: terminalExitReason.nullable().describe('Why there is no exit code; null where there is one.'),
  })
  .meta({ id: 'TerminalExit' });

export type TerminalAck = { ok: true; terminalId: string } | { ok: true };
