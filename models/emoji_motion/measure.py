"""Says from pixels alone how a thing moves in a clip; knows neither the model nor its prompts.

It looks for the thing as what differs from the ground (the colour at the first frame's rim), and
follows its middle, its area and its turn. What leaves the frame cannot be measured, so only the
frames before the thing reaches the rim count, and at least the first four.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the library's own custom

from models.emoji_motion.motions import Motion

_UNLIKE_GROUND = 0.12  # of 0..1
_FEWEST_FRAMES = 4
_STEP_DEGREES = 6.0
_WIDEST_TURN = 96.0
_ALIKE = 0.5  # cosine; what is less like the first frame is no turn of it


@dataclass(frozen=True)
class Track:
    """What was measured in each counted frame, relative to frame 0: shifts of the middle in
    pixels (right and down are positive), size as a factor (the root of the area's), and turn in
    degrees (clockwise is positive).
    """

    right: Tensor
    down: Tensor
    size: Tensor
    turn: Tensor


def track(clip: Tensor) -> Track:
    """Follows the thing in a clip of shape (frames, 3, h, w) in 0..1."""
    ground = _rim(clip[0]).median(dim=1).values
    unlike = (clip - ground[None, :, None, None]).abs().amax(dim=1)
    thing = (unlike > _UNLIKE_GROUND).float()
    count = _frames_inside(thing)
    thing, clip = thing[:count], clip[:count]
    area = thing.sum(dim=(1, 2)).clamp(min=1)
    rows = torch.arange(clip.shape[2]).float()
    columns = torch.arange(clip.shape[3]).float()
    across = (thing.sum(dim=1) * columns).sum(dim=1) / area
    along = (thing.sum(dim=2) * rows).sum(dim=1) / area
    middles = torch.stack([across, along], dim=1)
    return Track(
        right=across - across[0],
        down=along - along[0],
        size=(area / area[0]).sqrt(),
        turn=_turns(clip - ground[None, :, None, None], middles),
    )


def _rim(frame: Tensor) -> Tensor:
    rows = torch.cat([frame[:, 0], frame[:, -1]], dim=1)
    columns = torch.cat([frame[:, :, 0], frame[:, :, -1]], dim=1)
    return torch.cat([rows, columns], dim=1)


def _frames_inside(thing: Tensor) -> int:
    touched = [float(_rim(frame[None]).sum()) for frame in thing]
    inside = 0
    while inside < len(touched) and touched[inside] <= touched[0] + 2:
        inside += 1
    return max(_FEWEST_FRAMES, inside)


def _turns(unlike: Tensor, middles: Tensor) -> Tensor:
    """The turn that makes frame 0 most like each frame, both laid over their middles."""
    angles = torch.arange(-_WIDEST_TURN, _WIDEST_TURN + 1, _STEP_DEGREES)
    candidates = torch.stack([_laid(unlike[0], middles[0], float(a)) for a in angles]).flatten(1)
    turns = []
    for frame, middle in zip(unlike, middles, strict=True):
        likeness = F.cosine_similarity(candidates, _laid(frame, middle, 0.0).flatten()[None])
        best = int(likeness.argmax())
        still = int((angles == 0).nonzero())
        clearly = likeness[best] > max(_ALIKE, float(likeness[still]) + 0.01)
        turns.append(float(angles[best]) if clearly else 0.0)
    return torch.tensor(turns)


def _laid(frame: Tensor, middle: Tensor, degrees: float) -> Tensor:
    """A frame turned clockwise about a point that comes to lie in the middle."""
    height, width = frame.shape[1:]
    angle = torch.deg2rad(torch.tensor(degrees))
    cos, sin = torch.cos(angle), torch.sin(angle)
    x = float(middle[0] * 2 + 1) / width - 1
    y = float(middle[1] * 2 + 1) / height - 1
    matrix = torch.tensor([[cos, sin, x], [-sin, cos, y]])
    grid = F.affine_grid(matrix[None], [1, *frame.shape], align_corners=False)
    return F.grid_sample(frame[None], grid, align_corners=False)[0]


def can_show_turns(frame: Tensor) -> bool:
    """Whether a turn of this first frame (3, h, w) could be seen: false for a ball."""
    turned = torch.stack([frame, frame])
    ground = _rim(frame).median(dim=1).values
    unlike = turned - ground[None, :, None, None]
    thing = (unlike[0].abs().amax(dim=0) > _UNLIKE_GROUND).float()
    middle = torch.stack(
        [
            (thing.sum(dim=0) * torch.arange(thing.shape[1])).sum(),
            (thing.sum(dim=1) * torch.arange(thing.shape[0])).sum(),
        ]
    ) / thing.sum().clamp(min=1)
    straight = _laid(unlike[0], middle, 0.0).flatten()
    likeness = [
        float(F.cosine_similarity(straight, _laid(unlike[0], middle, a).flatten(), dim=0))
        for a in (-36.0, 36.0)
    ]
    return max(likeness) < 0.93


def seen_motion(seen: Track) -> Motion | None:
    """The motion that a track shows, or None if it is none of those that are known."""
    last = len(seen.right) - 1
    across, along = seen.right, seen.down
    same_size = 0.87 < float(seen.size[last]) < 1.15
    in_place = across.abs().max() < 6 and along.abs().max() < 6
    if abs(float(seen.turn[last])) >= 18 and same_size and in_place:
        return Motion.SPIN_RIGHT if seen.turn[last] > 0 else Motion.SPIN_LEFT
    if across.max() > 3.5 and across.min() < -3.5:
        return Motion.SHAKE
    if (way := _slide(across, along)) is not None:
        return Motion.RIGHT if way > 0 else Motion.LEFT
    if along.min() < -5 and abs(float(along[last])) < 4 and across.abs().max() < 4:
        return Motion.BOUNCE
    if (way := _slide(along, across)) is not None:
        return Motion.DOWN if way > 0 else Motion.UP
    return _sizing(seen, last)


def _slide(main: Tensor, other: Tensor) -> float | None:
    """The signed distance of a steady slide, or None."""
    last = len(main) - 1
    distance = float(main[last])
    steady = abs(distance) > 2.0 * last and abs(distance) >= 0.9 * float(main.abs().max())
    return distance if steady and other.abs().max() < abs(distance) / 2 else None


def _sizing(seen: Track, last: int) -> Motion | None:
    size = seen.size
    if abs(float(seen.right[last])) > 4 or abs(float(seen.down[last])) > 4:
        return None
    if size.max() > 1.12 and float(size[last]) < 1 + 0.4 * (float(size.max()) - 1):
        return Motion.PULSE
    if float(size[last]) > 1.0 + 0.035 * last:
        return Motion.GROW
    if float(size[last]) < 1.0 - 0.03 * last:
        return Motion.SHRINK
    steady = abs(float(size[last]) - 1) < 0.06 and abs(float(seen.turn[last])) < 12
    at_rest = seen.right.abs().max() < 2 and seen.down.abs().max() < 2
    return Motion.STILL if steady and at_rest else None
