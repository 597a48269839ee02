import { expect, it } from "vitest";
import { Room } from "../../src/server/room.ts";

const PATIENCE_MS = 10_000;

it("lets in who fits, and the others in the order they came", async () => {
  const room = new Room(10);
  const log: string[] = [];
  const enter = async (name: string, bytes: number): Promise<() => void> => {
    const leave = await room.enter(bytes, PATIENCE_MS);
    log.push(name);
    return leave ?? (() => undefined);
  };
  const first = await enter("first", 6);
  const second = await enter("second", 4);
  const third = enter("third", 5);
  // There would be room for it, and it would go past the third again and again.
  const fourth = enter("fourth", 1);
  second();
  await new Promise(setImmediate);
  expect(log).toEqual(["first", "second"]);
  first();
  await Promise.all([third, fourth]);
  expect(log).toEqual(["first", "second", "third", "fourth"]);
});

it("sends away who has waited for too long, and lets in the next", async () => {
  const room = new Room(10);
  await room.enter(6, PATIENCE_MS);
  const large = room.enter(10, 20);
  const small = room.enter(4, PATIENCE_MS);
  expect(await large).toBeNull();
  expect(await small).not.toBeNull();
});
