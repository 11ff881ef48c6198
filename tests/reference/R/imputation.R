# Rscript imputation.R <inputs> <outputs>: mice's pooled estimates of given imputations, and what its imputations are like.
library(survival)
library(mice)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}

given <- split(read("imputations"), read("imputations")$imputation)
rubin <- function(name, fits) {
  pooled <- pool(as.mira(fits))
  table <- summary(pooled, type = "all", conf.int = TRUE)
  terms <- as.character(table$term)
  for (column in c("estimate", "std.error", "statistic", "df", "p.value", "riv", "fmi", "2.5 %", "97.5 %"))
    note(name, terms, gsub("[ .%]+", "_", column), table[[column]])
}
control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
rubin("pool_cox", lapply(given, function(d) coxph(Surv(time, status) ~ wt_loss + age + sex + ph_ecog, d, control = control)))
rubin("pool_lm", lapply(given, function(d) lm(wt_loss ~ age + sex + ph_ecog, d)))
rubin("pool_glm", lapply(given, function(d) glm(status ~ age + wt_loss + ph_ecog, binomial, d,
                                                control = glm.control(epsilon = 1e-15, maxit = 100))))
single <- lapply(given, function(d) lm(wt_loss ~ age + sex + ph_ecog, d))
for (number in seq_along(single)) {
  table <- coef(summary(single[[number]]))
  note("single_lm", paste(rownames(table), number), "estimate", table[, 1])
  note("single_lm", paste(rownames(table), number), "std_error", table[, 2])
  single_glm <- coef(summary(glm(status ~ age + wt_loss + ph_ecog, binomial, given[[number]],
                                 control = glm.control(epsilon = 1e-15, maxit = 100))))
  note("single_glm", paste(rownames(single_glm), number), "estimate", single_glm[, 1])
  note("single_glm", paste(rownames(single_glm), number), "std_error", single_glm[, 2])
}

# Moments of what was imputed, by column: the mean over imputations of its mean and SD, and the SD of that mean between them.
moments <- function(name, imputed, columns) {
  for (column in columns) {
    values <- imputed$imp[[column]]
    if (is.factor(imputed$data[[column]])) {
      for (level in levels(imputed$data[[column]])) {
        shares <- colMeans(values == level)
        note(name, paste(column, level), "mean", mean(shares))
        note(name, paste(column, level), "between", sd(shares))
      }
    } else {
      note(name, column, "mean", mean(colMeans(values)))
      note(name, column, "between", sd(colMeans(values)))
      note(name, column, "sd", mean(apply(values, 2, sd)))
      note(name, column, "sd_between", sd(apply(values, 2, sd)))
    }
  }
}
m <- 100
lung <- read("lung_missing")
for (method in c("pmm", "norm")) {
  imputed <- mice(lung, m = m, maxit = 10, method = method, seed = 7, printFlag = FALSE)
  moments(paste0("lung_", method), imputed, c("pat_karno", "meal_cal", "wt_loss"))
  rubin(paste0("lung_", method, "_cox"), with(imputed, coxph(Surv(time, status) ~ wt_loss + age + sex + meal_cal))$analyses)
}
breast <- read("gbsg2_missing")
breast$post <- factor(breast$post, levels = 0:1)
breast$tgrade <- factor(ifelse(breast$tgrade == "", NA, breast$tgrade), levels = c("I", "II", "III"))
breast$horTh <- factor(breast$horTh)
imputed <- mice(breast, m = m, maxit = 10, method = c("", "", "", "", "", "pmm", "logreg", "polyreg"), seed = 7, printFlag = FALSE)
moments("breast", imputed, c("tsize", "post", "tgrade"))
rubin("breast_cox", with(imputed, coxph(Surv(time, cens) ~ tsize + post + tgrade + age))$analyses)
write.csv(do.call(rbind, found), file.path(folders[2], "imputation.csv"), row.names = FALSE, quote = FALSE)
