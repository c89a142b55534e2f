/** Stands for a broker: makes its data directory with an identity, says that it is ready, and stops with its parent. */
export const NODE_PROGRAM = `
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const settings = new Map(readFileSync(process.argv[3], 'utf8').split('\\n').map((line) => line.split(/=(.*)/)));
const data = settings.get('log.dirs');
mkdirSync(data, { recursive: true });
writeFileSync(process.argv[6], String(process.pid));
writeFileSync(data + '/meta.properties', 'version=1\\ndirectory.id=d' + settings.get('node.id') + '.0\\n');
const listeners = Object.fromEntries((settings.get('listeners') || '').split(',').filter(Boolean).map((one) => one.toUpperCase().split('://')));
console.log(JSON.stringify({ event: 'ready', listeners }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
`;
