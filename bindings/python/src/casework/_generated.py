"""The generated module, mended once before anything of it is used. It is all of the surface."""

import importlib

from . import _leaving, _native, _surface

_module = importlib.import_module("._native.casework", __package__)
names = _surface.polish(_module)
_leaving.watch(_module)
for _name in names:
    setattr(_native, _name, getattr(_module, _name))
# Only the surface is taken by a star: not the module, which has the name of the package.
setattr(_native, "__all__", names)
