/** Sizes of the usual shapes, as large as the model's own and within its limits. */

export interface SizeLimits {
  readonly minSide: number;
  readonly maxSide: number;
  readonly sideMultiple: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Shape extends Size {
  readonly name: string;
}

const RATIOS: readonly (readonly [string, number])[] = [
  ['Square 1:1', 1],
  ['Landscape 4:3', 4 / 3],
  ['Wide 16:9', 16 / 9],
  ['Portrait 3:4', 3 / 4],
  ['Tall 9:16', 9 / 16],
];

/** The sizes to choose from; none if the model has only one. `like` is a picture to be like. */
export function shapes(own: Size, limits: SizeLimits, like: Size | null = null): Shape[] {
  if (limits.maxSide <= limits.minSide) return [];
  const ratios: (readonly [string, number])[] = [...RATIOS];
  if (like) ratios.unshift(['As the picture', like.width / like.height]);
  return ratios.map(([name, ratio]) => ({ name, ...sized(own.width * own.height, ratio, limits) }));
}

function sized(area: number, ratio: number, limits: SizeLimits): Size {
  const width = Math.sqrt(area * ratio);
  return { width: allowed(width, limits), height: allowed(width / ratio, limits) };
}

function allowed(side: number, { minSide, maxSide, sideMultiple }: SizeLimits): number {
  const multiple = Math.max(1, sideMultiple);
  const nearest = Math.round(side / multiple) * multiple;
  const lowest = Math.ceil(minSide / multiple) * multiple;
  const highest = Math.floor(maxSide / multiple) * multiple;
  return Math.min(highest, Math.max(lowest, nearest));
}
