"""What CUDA says of itself, and its errors."""


class CUDARuntimeError(RuntimeError):
    def __init__(self, status, message=""):
        super().__init__(message)
        self.status = status


#: Versions as CUDA writes them: 12090 is 12.9. A driver of version 0 is none.
versions = {"driver": 12090, "runtime": 12090}
count = 2


def getDeviceCount():
    return count


def driverGetVersion():
    return versions["driver"]


def runtimeGetVersion():
    return versions["runtime"]
