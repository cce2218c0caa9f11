"""Who holds memory."""


class BaseMemory:
    pass


class Memory(BaseMemory):
    pass


class MemoryAsync(BaseMemory):
    pass


class PooledMemory(BaseMemory):
    pass


class UnownedMemory(BaseMemory):
    """Memory of another library."""


class MemoryPointer:
    def __init__(self, mem):
        self.mem = mem
