export { loadConfig, type Config, type LogLevel, type ResourceFigures } from './config.js';
export { renderEnvExample, VARIABLES, type Variable } from './settings.js';
export { createLogger, type Log, type LogOptions } from './logger.js';
export { NestLog } from './nest-log.js';
export { serializeError, type SerializedError } from './serialized-error.js';
export { createMetrics, type Metrics } from './metrics.js';
export { createSecretBox, SealedTextError, type SecretBox } from './secret-box.js';
export { createTokenSigner, type TokenSigner } from './signed-token.js';
export { createShutdown, type Shutdown, type ShutdownOptions, type ShutdownStep } from './shutdown.js';
