"""The doctor: looks at an installation, and names each problem with its remedy.

`probes/` gather facts and decide nothing; `checks/` are pure, a function a problem, and `table` has all of them.
Nothing is changed, and nothing is needed but the settings: it works while the server runs and before its first start.
"""

from __future__ import annotations
