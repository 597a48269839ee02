import { LeaderElection, type LeaderElectionOptions } from "./leader-election.ts";

/** Something that goes on between `start` and `stop`, as often as they are called. */
interface Worker {
  start(): void;
  /** Settles when nothing runs any more; never rejects. */
  stop(): Promise<void>;
}

export interface LoneWorkOptions extends Omit<LeaderElectionOptions, "onLead" | "onLose"> {
  readonly workers: readonly Worker[];
  /** Whether to ask for the lease, or to work without. */
  readonly leaderElection: boolean;
}

/** What only one process at a time does: whoever holds the lease, or the only one there is. */
export class LoneWork {
  readonly #workers: readonly Worker[];
  readonly #election: LeaderElection | null;

  constructor({ workers, leaderElection, ...options }: LoneWorkOptions) {
    this.#workers = workers;
    const onLead = (): void => this.#work();
    const onLose = (): void => void this.#rest();
    this.#election = leaderElection ? new LeaderElection({ ...options, onLead, onLose }) : null;
  }

  start(): void {
    if (this.#election === null) this.#work();
    else this.#election.start();
  }

  /** Let the work that runs come to its end, and hand the lease back. */
  async stop(): Promise<void> {
    await Promise.all([this.#election?.stop(), this.#rest()]);
  }

  #work(): void {
    for (const worker of this.#workers) worker.start();
  }

  async #rest(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}
