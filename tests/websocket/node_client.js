// The client of test_node.py, by the package ws: node node_client.js URL. It tells what it has seen, as JSON.

"use strict"

const fs = require("fs")
const { WebSocket } = require("ws")

const [base, certificate] = process.argv.slice(2)
const ca = certificate && fs.readFileSync(certificate)
const MESSAGES = [
  "text", "", "häuser, ☃ and \u{1F600}", Buffer.from("binary\x00\xff", "latin1"), Buffer.alloc(0),
  ...[125, 126, 65535, 65536, 1 << 20].flatMap((size) => ["a".repeat(size), Buffer.alloc(size, 0x80)]),
]

function connect(path, protocols, options) {
  return new WebSocket(base + path, protocols, { ca, perMessageDeflate: false, ...options })
}

const event = (socket, name) => new Promise((resolve) => socket.once(name, (...told) => resolve(told)))

async function end(socket) {
  const [code, reason] = await event(socket, "close")
  return [code, reason.toString()]
}

async function talk(perMessageDeflate) {
  const socket = connect("/echo", ["one", "two"], { perMessageDeflate, headers: { "X-Question": "what?" } })
  const [[answer]] = await Promise.all([event(socket, "upgrade"), event(socket, "open")])
  const differ = []
  for (const message of MESSAGES) {
    socket.send(message)
    const [data, isBinary] = await event(socket, "message")
    const same = isBinary ? data.equals(message) : data.toString() === message
    if (isBinary !== Buffer.isBuffer(message) || !same) differ.push(message.length)
  }
  socket.ping("what a ping carries")
  const [pong] = await event(socket, "pong")
  socket.close(3001, "é")
  return {
    differ, pong: pong.toString(), protocol: socket.protocol, extensions: socket.extensions,
    answer: answer.headers["x-answer"], end: await end(socket),
  }
}

async function closed() {
  return end(connect("/closes"))
}

async function denied() {
  const socket = connect("/denies")
  const [, answer] = await event(socket, "unexpected-response")
  const connection = answer.socket
  let body = ""
  for await (const part of answer) body += part
  connection.destroy() // it is kept
  return { status: answer.statusCode, header: answer.headers["www-authenticate"], body }
}

async function vanishes() {
  const socket = connect("/echo")
  await event(socket, "open")
  socket.terminate()
  return end(socket)
}

async function main() {
  console.log(JSON.stringify({
    plain: await talk(false), deflate: await talk({ threshold: 0 }), closed: await closed(), denied: await denied(),
    vanishes: await vanishes(),
  }))
}

main()
