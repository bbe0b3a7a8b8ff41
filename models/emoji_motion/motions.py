"""The motions that the model knows, their words and their paths; knows nothing about pixels."""

import random
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

FRAMES = 8
"""Frames in a clip; the first is the given picture."""

_SLIDE = 4.0  # pixels a frame
_TURN = 12.0  # degrees a frame
_GROWTH = 1.07  # factor a frame
_LEAP = 14.0  # pixels
_SWELL = 0.28  # part of the size
_SWAY = 7.0  # pixels


class Motion(StrEnum):
    """One way to move."""

    STILL = "still"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    GROW = "grow"
    SHRINK = "shrink"
    SPIN_LEFT = "spin left"
    SPIN_RIGHT = "spin right"
    BOUNCE = "bounce"
    PULSE = "pulse"
    SHAKE = "shake"


LEARNT = (
    Motion.STILL,
    Motion.LEFT,
    Motion.RIGHT,
    Motion.UP,
    Motion.DOWN,
    Motion.GROW,
    Motion.SHRINK,
)
"""The motions that this revision of the model learns; the others are for a later one."""


@dataclass(frozen=True)
class Path:
    """Where the drawing is in each frame: shifts in pixels (right and down are positive), size
    as a factor of the first frame, turn in degrees (clockwise is positive). Each of shape (8,).
    """

    right: Tensor
    down: Tensor
    size: Tensor
    turn: Tensor


def path_of(motion: Motion) -> Path:  # noqa: PLR0911 - one table
    """The path of a motion over the eight frames; frame 0 is always the picture as given."""
    step = torch.arange(FRAMES, dtype=torch.float32)
    rest, whole = torch.zeros(FRAMES), torch.ones(FRAMES)
    once = torch.sin(torch.pi * step / (FRAMES - 1)).clamp(min=0)
    there_and_back = torch.sin(2 * torch.pi * step / (FRAMES - 1))
    match motion:
        case Motion.LEFT | Motion.RIGHT:
            sign = 1 if motion is Motion.RIGHT else -1
            return Path(sign * _SLIDE * step, rest, whole, rest)
        case Motion.UP | Motion.DOWN:
            sign = 1 if motion is Motion.DOWN else -1
            return Path(rest, sign * _SLIDE * step, whole, rest)
        case Motion.GROW:
            return Path(rest, rest, _GROWTH**step, rest)
        case Motion.SHRINK:
            return Path(rest, rest, _GROWTH**-step, rest)
        case Motion.SPIN_LEFT | Motion.SPIN_RIGHT:
            sign = 1 if motion is Motion.SPIN_RIGHT else -1
            return Path(rest, rest, whole, sign * _TURN * step)
        case Motion.BOUNCE:
            return Path(rest, -_LEAP * once, whole, rest)
        case Motion.PULSE:
            return Path(rest, rest, 1 + _SWELL * once, rest)
        case Motion.SHAKE:
            return Path(_SWAY * there_and_back, rest, whole, rest)
        case Motion.STILL:
            return Path(rest, rest, whole, rest)


WORDINGS: dict[Motion, tuple[str, ...]] = {
    Motion.STILL: (
        "{it} stands still",
        "{it} does not move",
        "{it} stays where it is",
        "still",
        "no motion",
        "a still picture of {it}",
        "{it} rests",
        "keep {it} still",
        "{it} stays in place",
        "{it} waits",
        "nothing moves",
        "{it} holds still",
    ),
    Motion.LEFT: (
        "{it} {moves} left",
        "{it} {moves} to the left",
        "{move} {it} to the left",
        "left",
        "{it} {moves} from right to left",
        "{move} left",
        "{it} {moves} leftward",
        "{it} {moves} to the left side",
        "{it} is {moving} to the left",
        "to the left",
        "{it} goes away to the left",
    ),
    Motion.RIGHT: (
        "{it} {moves} right",
        "{it} {moves} to the right",
        "{move} {it} to the right",
        "right",
        "{it} {moves} from left to right",
        "{move} right",
        "{it} {moves} rightward",
        "{it} {moves} to the right side",
        "{it} is {moving} to the right",
        "to the right",
        "{it} goes away to the right",
    ),
    Motion.UP: (
        "{it} {moves} up",
        "{it} {moves} upward",
        "{move} {it} up",
        "up",
        "{it} rises",
        "{it} takes off",
        "{it} lifts off",
        "{it} climbs",
        "{it} {moves} to the top",
        "{it} is {moving} up",
        "upward",
        "{it} launches",
        "{it} {moves} into the sky",
        "{it} ascends",
        "{it} floats up",
        "{it} is rising",
    ),
    Motion.DOWN: (
        "{it} {moves} down",
        "{it} {moves} downward",
        "{move} {it} down",
        "down",
        "{it} falls",
        "{it} drops",
        "{it} sinks",
        "{it} {moves} to the bottom",
        "{it} is {moving} down",
        "downward",
        "{it} lands",
        "{it} descends",
        "{it} is falling",
        "{it} falls down",
        "{it} drops to the ground",
    ),
    Motion.GROW: (
        "{it} grows",
        "{it} gets bigger",
        "{it} becomes larger",
        "zoom in",
        "zoom in on {it}",
        "make {it} bigger",
        "{it} comes closer",
        "{it} comes nearer",
        "enlarge {it}",
        "the camera zooms in",
        "{it} is growing",
        "bigger",
        "make {it} larger",
        "{it} expands",
        "{it} grows bigger",
        "{it} approaches",
        "{it} becomes bigger",
        "grow",
    ),
    Motion.SHRINK: (
        "{it} shrinks",
        "{it} gets smaller",
        "{it} becomes smaller",
        "zoom out",
        "zoom out from {it}",
        "make {it} smaller",
        "{it} goes away into the distance",
        "{it} goes far away",
        "the camera zooms out",
        "{it} is shrinking",
        "smaller",
        "{it} becomes tiny",
        "{it} recedes",
        "make {it} tiny",
        "{it} shrinks away",
        "shrink",
    ),
    Motion.SPIN_LEFT: (
        "{it} {spins} left",
        "{it} {spins} to the left",
        "{it} {spins} counterclockwise",
        "{spin} {it} left",
        "{spin} {it} counterclockwise",
        "{it} {spins} anticlockwise",
        "{spin} left",
        "{it} tilts to the left",
        "{it} rolls over to the left",
        "{it} {spins} counter clockwise",
        "counterclockwise",
    ),
    Motion.SPIN_RIGHT: (
        "{it} {spins}",
        "{it} {spins} around",
        "{spin} {it}",
        "{spin} around",
        "{it} {spins} right",
        "{it} {spins} to the right",
        "{it} {spins} clockwise",
        "{spin} {it} clockwise",
        "{spin} {it} right",
        "{spin} right",
        "{it} tilts to the right",
        "{it} {spins} round",
        "{it} rolls over to the right",
        "clockwise",
        "{it} is {spinning}",
        "{it} is {spinning}",
    ),
    Motion.BOUNCE: (
        "{it} bounces",
        "{it} jumps",
        "{it} hops",
        "{it} is bouncing",
        "{it} is jumping",
        "bounce",
        "jump",
        "make {it} jump",
        "{it} jumps up and down",
        "{it} bounces up and down",
        "{it} goes up and down",
        "{it} jumps up and comes down",
        "let {it} bounce",
        "{it} leaps",
        "make {it} bounce",
        "{it} jumps for joy",
    ),
    Motion.PULSE: (
        "{it} pulses",
        "{it} beats",
        "{it} throbs",
        "{it} is beating",
        "pulse",
        "beat",
        "{it} is pulsing",
        "{it} swells and shrinks",
        "{it} grows and shrinks",
        "{it} gets bigger and smaller again",
        "make {it} pulse",
        "{it} breathes",
        "{it} pulsates",
        "{it} beats like a heart",
        "{it} grows and shrinks again",
    ),
    Motion.SHAKE: (
        "{it} shakes",
        "{it} trembles",
        "{it} wobbles",
        "{it} is shaking",
        "shake",
        "shake {it}",
        "make {it} shake",
        "{it} shivers",
        "{it} moves from side to side",
        "{it} shakes its head",
        "{it} moves right and left",
        "{it} sways",
        "{it} wiggles",
        "{it} rattles",
        "{it} goes right and left and back",
        "{it} moves left and right",
    ),
}
"""Sentences for each motion; {it} stands for the thing, {moves} and {spins} for a verb."""

_VERBS = {
    "move": ("move", "slide", "fly", "go", "drive", "run", "push", "send", "drift", "glide", "walk",
             "shift", "swim", "travel", "float", "roll"),
    "spin": ("spin", "rotate", "turn", "twirl", "whirl"),
}  # fmt: skip
_THIRD = {"go": "goes", "push": "pushes", "fly": "flies"}
_PARTICIPLE = {
    "move": "moving", "slide": "sliding", "drive": "driving", "run": "running", "glide": "gliding",
    "spin": "spinning", "rotate": "rotating", "swim": "swimming",
}  # fmt: skip
_LEAD_INS = ("", "", "", "", "", "please ", "let ", "now ", "make it so that ", "a video where ",
             "animation : ", "slowly , ", "watch how ", "a clip where ")  # fmt: skip
_TAILS = ("", "", "", "", "", " please", " slowly", " quickly", " smoothly", " now", " .", " !",
          " across the screen", " on a plain background", " fast", " gently")  # fmt: skip


def wording(motion: Motion, thing: str, chance: random.Random) -> str:
    """One sentence that asks for a motion of a thing, for instance "the rocket flies up"."""
    move, spin = chance.choice(_VERBS["move"]), chance.choice(_VERBS["spin"])
    sentence = chance.choice(WORDINGS[motion]).format(
        it=_reference(thing, chance),
        move=move, moves=_third(move), moving=_participle(move),
        spin=spin, spins=_third(spin), spinning=_participle(spin),
    )  # fmt: skip
    return chance.choice(_LEAD_INS) + sentence + chance.choice(_TAILS)


def plain_wording(motion: Motion, chance: random.Random) -> str:
    """The same without a thing and without polite words around it."""
    move, spin = chance.choice(_VERBS["move"]), chance.choice(_VERBS["spin"])
    return chance.choice(WORDINGS[motion]).format(
        it="it",
        move=move, moves=_third(move), moving=_participle(move),
        spin=spin, spins=_third(spin), spinning=_participle(spin),
    )  # fmt: skip


def _reference(thing: str, chance: random.Random) -> str:
    return chance.choice((f"the {thing}", f"the {thing}", f"a {thing}", thing, "it", "the picture",
                          "the thing", "this", "the object"))  # fmt: skip


def _third(verb: str) -> str:
    return _THIRD.get(verb, verb + "s")


def _participle(verb: str) -> str:
    return _PARTICIPLE.get(verb, verb + "ing")
