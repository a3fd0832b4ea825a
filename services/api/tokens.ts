/** Injection tokens of what is an interface and so has no class to be named by. */
export const CONFIG = Symbol('Config');
export const DATABASE = Symbol('Database');
export const FEEDS = Symbol('FeedParts');
export const SECRETS = Symbol('SecretBox');
