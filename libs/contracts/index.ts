export * from './access.js';
export * from './container.js';
export { cursorOf, type List } from './cursor.js';
export * from './event.js';
export type { BodyOf, ParamsOf, QueryOf } from './input.js';
export * from './operation.js';
export * from './present.js';
export * from './problem.js';
export * from './routes.js';
