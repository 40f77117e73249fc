// One edit and what a classifier says of it: node edit.mjs GENERATOR CLASSIFIER SEED OUT.png
//
// DIRECTRIX_ENDPOINT is where the gateway listens (127.0.0.1:50051). Calls that may be tried again
// are, by the same policy as in the Python client; what went wrong is told by its reason, one of
// docs/errors.md.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import protobuf from "protobufjs";

const PROTOS = fileURLToPath(new URL("../../protos", import.meta.url));
const RETRIES = {
  methodConfig: [
    {
      name: [{}],
      timeout: "30s",
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: "0.1s",
        maxBackoff: "1s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE", "CANCELLED"],
      },
    },
  ],
};
const { Status, ErrorInfo } = protobuf.parse(
  `
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
`,
  { keepCase: true },
).root.nested;

function editing(endpoint) {
  const definition = loadSync("directrix/v1/editing_service.proto", {
    includeDirs: [PROTOS, `${PROTOS}/third_party`],
    keepCase: true,
    enums: String,
    longs: String,
  });
  const { EditingService } = grpc.loadPackageDefinition(definition).directrix.v1;
  return new EditingService(endpoint, grpc.credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify(RETRIES),
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
  });
}

function reasonOf(error) {
  const [data] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = data ? Status.decode(data).details : [];
  const info = details.find((detail) => detail.type_url.endsWith("/google.rpc.ErrorInfo"));
  return info ? ErrorInfo.decode(info.value).reason : grpc.status[error.code];
}

const [generator, classifier, seed, out] = process.argv.slice(2);
const name = (id) => `projects/default/models/${id}`;
const request = {
  recipe: { generator: name(generator), seed: { seed } },
  predictors: [name(classifier)],
};
const client = editing(process.env.DIRECTRIX_ENDPOINT ?? "127.0.0.1:50051");
client.EditImage(request, (error, answer) => {
  client.close();
  if (error) {
    console.error(`${reasonOf(error)}: ${error.details}`);
    process.exitCode = 1;
    return;
  }
  writeFileSync(out, answer.image.data);
  const scores = Object.entries(answer.scores[0].values).sort((a, b) => b[1] - a[1]);
  console.log(`${scores[0][0]} ${answer.image.digest}`);
});
