"""How a capability's state and an age look in a terminal: a shape, a word and a colour."""

from rich.text import Text

LIGHTS = {
    "unknown": ("○", "yellow"),
    "available": ("●", "green"),
    "error": ("▲", "red"),
    "unavailable": ("■", "magenta"),
}


def light(state: str) -> Text:
    """The state with its shape, so that it can be told without colours."""
    shape, colour = LIGHTS.get(state, ("?", ""))
    return Text(f"{shape} {state}", style=colour)


def short_age(seconds: float) -> str:
    """An age in its two largest units at most: "42 s", "3 min 5 s", "2 h 10 min", "4 d 1 h"."""
    whole = max(0, int(seconds))
    minutes, seconds_left = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h"
    if hours:
        return f"{hours} h {minutes_left} min"
    if minutes:
        return f"{minutes} min {seconds_left} s"
    return f"{seconds_left} s"
