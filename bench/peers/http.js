// Serves the files of a folder by Node's http and streams.
const fs = require("fs");
const http = require("http");
const path = require("path");

const folder = process.argv[2];

const server = http.createServer((request, response) => {
  const name = path.join(folder, path.normalize("/" + request.url));
  fs.stat(name, (problem, status) => {
    if (problem) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Length": status.size });
    fs.createReadStream(name).pipe(response);
  });
});
server.keepAliveTimeout = 3600000;
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log("listening on 127.0.0.1:" + server.address().port);
});
