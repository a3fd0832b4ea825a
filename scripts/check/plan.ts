/** What a run of the suites is told; plain data, for it is handed to the enclosed process as JSON. */
export interface Plan {
  root: string;
  /** For what the engines keep; whoever made it removes it. */
  dir: string;
  jestArgs: string[];
  /** Whether a Docker Engine is started for the run, else one that answers is borrowed. */
  privateDocker: boolean;
}
