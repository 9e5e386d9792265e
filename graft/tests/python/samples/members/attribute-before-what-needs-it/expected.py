class Action(Enum):
    START = 'start'
    STOP = 'stop'
    PAUSE = 'pause'

    ALL = (START, STOP, PAUSE)
