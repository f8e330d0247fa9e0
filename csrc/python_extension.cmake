# postproc._kernels: cffi in API mode, for the stable ABI where the interpreter has one.
find_package(Python 3.11 COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT})
if(NOT Python_FOUND)
  message(FATAL_ERROR "qkdctl needs Python 3.11 or newer with its C headers and found none "
                      "(on Debian or Ubuntu: apt install python3-dev).")
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/_kernels.c)
add_custom_command(
  OUTPUT ${generated}
  COMMAND ${Python_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/build_cffi.py
          ${CMAKE_CURRENT_SOURCE_DIR}/kernels.h ${generated}
  DEPENDS build_cffi.py kernels.h
  VERBATIM)

if(SKBUILD_SABI_VERSION)
  python_add_library(_kernels MODULE WITH_SOABI USE_SABI ${SKBUILD_SABI_VERSION} ${generated})
else()
  python_add_library(_kernels MODULE WITH_SOABI ${generated})
endif()
target_link_libraries(_kernels PRIVATE kernels)
install(TARGETS _kernels DESTINATION postproc)
