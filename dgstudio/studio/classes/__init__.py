"""The Classes panel: a card a class, held to record; its menu; the countdown."""
