"""The wheel carries a built library, so it is for one platform and every Python 3."""

from setuptools import setup
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel


class Built(Distribution):
    def has_ext_modules(self):
        return True


class OneForAll(bdist_wheel):
    def get_tag(self):
        _, _, platform = super().get_tag()
        return "py3", "none", platform


setup(distclass=Built, cmdclass={"bdist_wheel": OneForAll})
