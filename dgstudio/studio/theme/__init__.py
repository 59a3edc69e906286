"""The look: tokens, themes, fonts, icons, the Qt stylesheet; numbers as they are written."""
