import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Spreads connections over loopback ports in turn, as a Service does over its endpoints. */
export class Balancer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    const { port } = server.address() as AddressInfo;
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const sockets = new Set<Socket>();
    let turn = 0;
    const server = createServer((incoming) => {
      const outgoing = connect(ports[turn++ % ports.length] ?? 0, "127.0.0.1");
      for (const [socket, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        sockets.add(socket);
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
        // An end of a connection that breaks closes the other end.
        socket.on("error", () => other.destroy());
        socket.pipe(other);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Balancer(server, sockets);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
