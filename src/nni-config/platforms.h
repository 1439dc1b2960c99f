#ifndef NNI_CONFIG_PLATFORMS_H
#define NNI_CONFIG_PLATFORMS_H

#include "schema.h"

/* V1: the keys that a platform adds to the top level (platforms-v1.c). */
extern const struct key v1_old_pai_keys[];
extern const struct key v1_local_keys[];
extern const struct key v1_remote_keys[];
extern const struct key v1_pai_keys[];
extern const struct key v1_pai_yarn_keys[];
extern const struct key v1_kubeflow_keys[];
extern const struct key v1_frameworkcontroller_keys[];
extern const struct key v1_dlts_keys[];
extern const struct key v1_aml_keys[];
extern const struct key v1_adl_keys[];

/* What both forms spell alike (platforms.c). */
extern const struct key secret_name_keys[];
extern const struct key adl_nfs_keys[];
extern const struct key adl_checkpoint_keys[];

#endif
