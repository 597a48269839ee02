/** Report whether a text is a day of the calendar, `2021-02-28`. JavaScript takes February 30 for March 1. */
export function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return text.length === 10 && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
