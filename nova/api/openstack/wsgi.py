"""A fault can have a code that programs act on, beside its sentence."""


class Fault(webob.exc.HTTPException):

    def __call__(*nova):
        ...
        fault_data = ...  # nova
        error_code = getattr(self.wrapped_exc, 'error_code', None)
        if error_code:
            fault_data[fault_name]['error_code'] = error_code
        ...
