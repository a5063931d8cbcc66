/** Real time, for people who look on: how fast a machine runs, and that it runs no faster than a real one. */
export const nowMs = (): number => performance.now()
