// Networks that no method of Directrix has seen, over pictures from stdin, batch after batch.
//
// node second_evaluator.mjs FOLDER NAME...        NAME: facemesh, emotion, faceres
// A batch: its length as one uint32, then that many 64 x 64 x 3 float32 in 0..1. The answer: a row
// a picture of float32, network after network: facemesh 468 x (x, y, z) of 0..192; emotion 7
// probabilities (angry, disgust, fear, happy, sad, surprise, neutral); faceres the probability of
// its "male" and 100 of the ages 0 to 99.
import { readFileSync, readSync, writeSync } from 'node:fs';

// The bundle was made for browsers: it starts only where it believes to be in one.
Object.defineProperty(process, 'versions', { value: {} });
globalThis.WorkerGlobalScope = class {};
const bytesOf = (path) => {
  const file = readFileSync(path);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
};
globalThis.fetch = async (path) => ({ ok: true, arrayBuffer: async () => bytesOf(path) });

const [folder, ...names] = process.argv.slice(2);
const { tf } = await import(`${folder}/face-api.mjs`);
console.log = console.warn = () => {};
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
tf.setWasmPaths(`${folder}/`, true);
await tf.setBackend('wasm');

const SIDE = 64;
const MARGIN = 8; // the mesh wants some room around a face: the border is repeated outwards

async function loaded(name) {
  const model = JSON.parse(readFileSync(`${folder}/${name}.json`));
  const { modelTopology, signature, userDefinedMetadata, format } = model;
  const weightSpecs = model.weightsManifest[0].weights;
  const weightData = bytesOf(`${folder}/${name}.bin`);
  const artifacts = { modelTopology, signature, userDefinedMetadata, format, weightSpecs, weightData };
  return tf.loadGraphModel({ load: async () => artifacts });
}

const resized = (x, side) => tf.image.resizeBilinear(x, [side, side], false, true);
function widened(x) {
  const places = tf.clipByValue(tf.range(-MARGIN, SIDE + MARGIN), 0, SIDE - 1).toInt();
  return x.gather(places, 1).gather(places, 2);
}
const grey = (x) => x.mul([0.2989, 0.587, 0.114]).sum(3, true);
const INPUTS = {
  facemesh: (x) => resized(widened(x), 192),
  emotion: (x) => grey(x).sub(0.5).mul(2),
  faceres: (x) => resized(x, 224).mul(255),
};
const WIDTHS = { facemesh: [1404], emotion: [7], faceres: [1, 100] };

const networks = Object.fromEntries(await Promise.all(names.map(async (n) => [n, await loaded(n)])));

function answer(name, x) {
  const found = networks[name].execute(INPUTS[name](x));
  const outputs = Array.isArray(found) ? found : [found];
  return tf.concat(WIDTHS[name].map((width) => outputs.find((o) => o.shape[1] === width)), 1);
}

function read(length) {
  const buffer = Buffer.alloc(length);
  for (let got = 0; got < length;) {
    const more = readSync(0, buffer, got, length - got, null);
    if (more === 0) process.exit(0);
    got += more;
  }
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + length);
}

for (;;) {
  const [count] = new Uint32Array(read(4));
  const pixels = new Float32Array(read(count * SIDE * SIDE * 3 * 4));
  const rows = tf.tidy(() => {
    const x = tf.tensor4d(pixels, [count, SIDE, SIDE, 3]);
    return tf.concat(names.map((name) => answer(name, x)), 1).dataSync().slice();
  });
  const bytes = Buffer.from(rows.buffer);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}
