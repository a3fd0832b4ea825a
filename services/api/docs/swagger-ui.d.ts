/** The package types its whole bundle; this is the one function of it that a server needs. */
declare module 'swagger-ui-dist/absolute-path.js' {
  export default function getAbsoluteFSPath(): string;
}
