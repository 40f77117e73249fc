// Runs the original face networks, in plain JavaScript, on pixels from stdin.
//
// node original.mjs FOLDER COUNT < pixels > answers.json
// pixels: COUNT x 112 x 112 x 3, then COUNT x 150 x 150 x 3, float32 in 0..255.
// answers: {landmarks: COUNT x 136, age: COUNT, gender: COUNT x 2, expression: COUNT x 7,
// descriptor: COUNT x 128}.
import { readFileSync, writeSync } from 'node:fs';

// The bundle was made for browsers: it starts only where it believes to be in one.
Object.defineProperty(process, 'versions', { value: {} });
globalThis.WorkerGlobalScope = class {};

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const faceapi = await import(`${folder}/face-api.mjs`);
const { tf } = faceapi;
console.log = console.warn = console.error = () => {};
await tf.setBackend('cpu');

async function loaded(net, name) {
  const [group] = JSON.parse(readFileSync(`${folder}/${name}.json`));
  const data = readFileSync(`${folder}/${name}.bin`);
  const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  net.loadFromWeightMap(tf.io.decodeWeights(bytes, group.weights));
  return net;
}

const input = readFileSync(0);
const pixels = new Float32Array(input.buffer.slice(input.byteOffset, input.byteOffset + input.length));

function images(side, start) {
  const size = side * side * 3;
  const at = (i) => pixels.slice(start + i * size, start + (i + 1) * size);
  const tensors = Array.from({ length: count }, (_, i) => tf.tensor3d(at(i), [side, side, 3]));
  return new faceapi.NetInput(tensors, true);
}

const small = images(112, 0);
const large = images(150, count * 112 * 112 * 3);
const landmarks = await loaded(new faceapi.FaceLandmark68Net(), 'face_landmark_68_model');
const attributes = await loaded(new faceapi.AgeGenderNet(), 'age_gender_model');
const expression = await loaded(new faceapi.FaceExpressionNet(), 'face_expression_model');
const identity = await loaded(new faceapi.FaceRecognitionNet(), 'face_recognition_model');
const { age, gender } = attributes.runNet(small);
const answers = {
  landmarks: landmarks.forwardInput(small).arraySync(),
  age: age.arraySync(),
  gender: gender.arraySync(),
  expression: expression.runNet(small).arraySync(),
  descriptor: identity.forwardInput(large).arraySync(),
};
const text = Buffer.from(JSON.stringify(answers));
for (let sent = 0; sent < text.length;) sent += writeSync(1, text, sent);
