// aws-kinesis-writable as its readme has it, batches of ten: `node writable.cjs FOLDER ENDPOINT STREAM SECONDS`; FOLDER has it installed.
// Prints the acknowledged records and the seconds. It keeps no count of what is under way, so that is bounded here.
const { createRequire } = require("node:module");
const [folder, endpoint, streamName, seconds] = process.argv.slice(2);
const from = createRequire(`${folder}/index.js`);
const AWS = from("aws-sdk");
const KinesisStream = from("aws-kinesis-writable");

const UNDER_WAY = 40;
const kinesis = new AWS.Kinesis({
  endpoint,
  region: "us-east-1",
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret",
});
const counts = { acknowledged: 0, underWay: 0 };
let room = () => {};
const counted = {
  putRecords: (input, done) => {
    counts.underWay++;
    kinesis.putRecords(input, (error, answer) => {
      counts.underWay--;
      if (!error) counts.acknowledged += input.Records.length - answer.FailedRecordCount;
      room();
      done(error, answer);
    });
  },
};
const stream = new KinesisStream({
  streamName,
  kinesis: counted,
  objectMode: true,
  partitionKey: ({ turbineId }) => turbineId,
});

(async () => {
  const began = performance.now();
  for (let i = 0; performance.now() - began < seconds * 1000; i++) {
    stream.write({
      turbineId: `oak-ridge-${i % 40}`,
      location: "Oak Ridge",
      speed: 9.12,
      timestamp: "2026-11-23T10:00:00.000Z",
    });
    if (counts.underWay >= UNDER_WAY) {
      await new Promise((resolve) => {
        room = resolve;
      });
    } else await new Promise(setImmediate);
  }
  console.log(JSON.stringify({ acknowledged: counts.acknowledged, seconds: (performance.now() - began) / 1000 }));
  process.exit();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
