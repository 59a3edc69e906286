"""What is seen. A folder for each feature of the window, each with its panel; Qt lives here and nowhere below.

`theme/` and `bridge/` are used by all, `common/` by all features, features by `window/`, which puts them together.
Start with `app.py`, then `window/main_window.py`.
"""
