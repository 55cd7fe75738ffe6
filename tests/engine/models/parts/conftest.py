"""torch and ultralytics are made ready before the tests beside this file import them."""

from engine import device

device.prepare()
