# A parsed head -> an ASGI scope. Pure: knows no connection.

from fastsrv_ext.context cimport CommonScope, Context
from fastsrv_ext.http.request cimport RequestHead

cdef dict make_scope(Context context, RequestHead head, tuple client, tuple server)
cdef int complete_path(CommonScope common, dict scope) except -1
