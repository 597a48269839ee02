/** How long `run` takes, in microseconds. */
export function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return (performance.now() - start) * 1e3;
}

/** How long each call takes, in microseconds. */
export function timesOf<T>(inputs: readonly T[], run: (input: T) => unknown): readonly number[] {
  return inputs.map((input) => timed(() => run(input)));
}

/** The bytes that live objects take. */
export function heap(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
