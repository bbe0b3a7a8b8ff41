/** The picture of a form: taken from a file or from the gateway, checked, kept across a reload. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { presence } from '../jobs/presence';
import { ask } from '../shared/api/request';
import { type Picture, pixelComplaint, readPicture } from './picture';
import { keepPicture, keptPicture } from './pictureStore';

export interface PictureState {
  readonly picture: Picture | null;
  /** Why the file that was given last cannot be taken, or what is wrong with the picture. */
  readonly problem: string | null;
  readonly take: (file: Blob, name: string) => void;
  /** Whether there is a picture that can be sent. */
  readonly isUsable: boolean;
  /** Takes a file of a job, by its URL; `name` tells people which it is. */
  readonly takeFrom: (url: string, name: string) => void;
  readonly clear: () => void;
}

/** `maxPixels` is the model's limit, 0 while nobody knows it. */
export function usePicture(studio: string, maxPixels: number): PictureState {
  const [key] = useState(() => `${studio}.${presence()}`);
  const [picture, setPicture] = useState<Picture | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  // Reading takes a while; only what was given last counts.
  const turn = useRef(0);

  useEffect(() => {
    const mine = turn.current;
    void keptPicture(key).then((kept) => {
      if (kept && turn.current === mine) setPicture(kept);
    });
  }, [key]);

  const put = useCallback(
    async (reading: () => Promise<Picture | null>) => {
      turn.current += 1;
      const mine = turn.current;
      setProblem(null);
      try {
        const read = await reading();
        if (turn.current !== mine) return;
        setPicture(read);
        void keepPicture(key, read);
      } catch (error) {
        // The picture before stays: a wrong file must not cost it.
        if (turn.current === mine)
          setProblem(error instanceof Error ? error.message : String(error));
      }
    },
    [key],
  );
  const take = useCallback(
    (file: Blob, name: string) => void put(() => readPicture(file, name, maxPixels)),
    [put, maxPixels],
  );
  const takeFrom = useCallback(
    (url: string, name: string) =>
      void put(async () => readPicture(await (await ask(url)).blob(), name, maxPixels)),
    [put, maxPixels],
  );
  const clear = useCallback(() => void put(async () => null), [put]);

  const tooLarge = picture && pixelComplaint(picture, maxPixels);
  return {
    picture,
    problem: problem ?? tooLarge,
    isUsable: picture !== null && tooLarge === null,
    take,
    takeFrom,
    clear,
  };
}
