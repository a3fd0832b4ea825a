/* Loaded before anything else, so it keeps to what old versions of Node understand too. */
const WANTED = [20, 19];

const found = process.versions.node.split('.').map(Number);
if (found[0] < WANTED[0] || (found[0] === WANTED[0] && found[1] < WANTED[1])) {
  console.error(
    `Berth needs Node ${WANTED.join('.')} or newer; this is ${process.versions.node} (${process.execPath}). ` +
      'Install a newer one, e.g. `nvm install 20`, and start again.',
  );
  process.exit(1);
}
