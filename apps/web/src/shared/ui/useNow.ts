import { useEffect, useState } from 'react';

/** The time, anew every few seconds, for ages that are shown. Moves no data. */
export function useNow(everyMilliseconds = 5_000): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMilliseconds);
    return () => clearInterval(timer);
  }, [everyMilliseconds]);
  return now;
}
