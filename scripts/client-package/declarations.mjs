/** The declarations of libs/client, with those of types.ts written out. */
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { writtenOut } from './written-out.mjs';

/** The file whose types come from elsewhere. */
const CONTRACT_TYPES = 'types.d.ts';

/**
 * @param {string} root
 * @param {string} entry
 * @returns {Record<string, string>} Text by name, for all that the entry leads to.
 */
export function declarationsOf(root, entry) {
  const program = ts.createProgram([entry], optionsOf(root));
  const folder = dirname(entry);
  const found = new Map();
  const reach = (name) => {
    if (found.has(name)) return;
    const source = program.getSourceFile(join(folder, name.replace(/\.d\.ts$/, '.ts')));
    if (!source) throw new Error(`${name} is imported by a declaration, and is not in ${folder}`);
    const text = name === CONTRACT_TYPES ? writtenOut(program, source) : emitted(program, source);
    found.set(name, text);
    for (const module of modulesIn(text)) {
      if (!module.startsWith('./')) throw new Error(`${name} needs ${module}, which the package does not bring`);
      reach(`${basename(module, '.js')}.d.ts`);
    }
  };
  reach('index.d.ts');
  return Object.fromEntries([...found].map(([name, text]) => [`types/${name}`, text]));
}

function optionsOf(root) {
  const path = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return {
    ...options,
    noEmit: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
  };
}

function emitted(program, source) {
  let text;
  program.emit(source, (_, written) => (text = written), undefined, true);
  if (text === undefined) throw new Error(`${source.fileName} has no declarations`);
  return text;
}

const modulesIn = (text) => [...text.matchAll(/\bfrom '([^']+)'|\bimport\("([^"]+)"\)/g)].map(([, a, b]) => a ?? b);
