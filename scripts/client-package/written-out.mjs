/** Type aliases, whatever they are made from, as plain members, unions and literals. */
import ts from 'typescript';

const PLAIN =
  ts.TypeFlags.String |
  ts.TypeFlags.Number |
  ts.TypeFlags.Boolean |
  ts.TypeFlags.Null |
  ts.TypeFlags.Undefined |
  ts.TypeFlags.Unknown |
  ts.TypeFlags.Never |
  ts.TypeFlags.Void |
  ts.TypeFlags.Literal;

/**
 * @param {ts.Program} program
 * @param {ts.SourceFile} source Of exported type aliases alone.
 */
export function writtenOut(program, source) {
  const checker = program.getTypeChecker();
  /** Names by what they stand for, so that what is written out once is named from then on. */
  const names = new Map();
  const aliases = source.statements.filter(ts.isTypeAliasDeclaration);
  for (const alias of aliases) {
    const text = textOf(checker.getTypeAtLocation(alias.name));
    if (text.startsWith('{') && text !== '{}' && !names.has(text)) names.set(text, alias.name.text);
  }
  const lines = aliases.map((alias) => {
    const comments = ts.getLeadingCommentRanges(source.text, alias.pos) ?? [];
    const [comment] = comments.filter(({ end }) => source.text.slice(end, alias.getStart()).trim() === '').slice(-1);
    const doc = comment ? `${source.text.slice(comment.pos, comment.end)}\n` : '';
    const { text: name } = alias.name;
    return `${doc}export type ${name} = ${textOf(checker.getTypeAtLocation(alias.name), name, true)};\n`;
  });
  return lines.join('');

  /** `own`: the name that it is written out for. */
  function textOf(type, own, isOutermost = false) {
    if (type.flags & PLAIN) return checker.typeToString(type);
    if (type.isUnion()) return unionOf(type, own);
    if (checker.isArrayType(type)) return `Array<${textOf(checker.getTypeArguments(type)[0], own)}>`;
    if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) || type.getCallSignatures().length > 0) {
      throw new Error(`a kind of type that is not written out: ${checker.typeToString(type)}`);
    }
    // The whole of it tells whether it has a name; with names in it, it would have another text.
    const name = own === undefined ? undefined : names.get(textOf(type));
    if (name !== undefined && !(isOutermost && name === own)) return name;
    return membersOf(type, own);
  }

  function unionOf(type, own) {
    // `boolean` is a union too.
    const parts = type.types.map((part) => textOf(part, own));
    const both = parts.includes('true') && parts.includes('false');
    const shown = both ? ['boolean', ...parts.filter((part) => part !== 'true' && part !== 'false')] : parts;
    return [...shown.filter((part) => !isNothing(part)), ...shown.filter(isNothing)].join(' | ');
  }

  function membersOf(type, own) {
    const members = checker.getPropertiesOfType(type).map((property) => {
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const text = textOf(checker.getTypeOfSymbol(property), own);
      return `${property.name}${isOptional ? '?' : ''}: ${text};`;
    });
    const indexes = checker
      .getIndexInfosOfType(type)
      .map(({ keyType, type: value }) => `[name: ${checker.typeToString(keyType)}]: ${textOf(value, own)};`);
    const all = [...members, ...indexes];
    return all.length === 0 ? '{}' : `{\n${all.join('\n').replace(/^/gm, '  ')}\n}`;
  }
}

const isNothing = (text) => text === 'null' || text === 'undefined';
